"""Programs that trials run as processes of their own."""
