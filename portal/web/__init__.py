"""The layer between the world and the routes: visitors, the frame of each request, the drawing of pages, and
connections to elsewhere."""
