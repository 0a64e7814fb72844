"""What the OpenAPI document says of each view; nothing runs through these shapes."""
