"""Between the world and the routes: who comes in, what surrounds each request, how pages are drawn, and what connects
elsewhere."""
