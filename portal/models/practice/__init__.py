"""The practice itself: its settings, ages and hours."""
