"""A simulated arm that pushes objects on a table: shapes, scenes, physics, drawing, clips."""
