"""What the OpenAPI document says of each view: one module per module of views, applied in one line each."""
