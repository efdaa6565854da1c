"""Many numbers become one."""
