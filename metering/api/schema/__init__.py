"""
What the OpenAPI document says of each view.

One module per module of views holds the shapes of its answers and its operations, which views apply in one line each.
The shapes describe what `metering.serializers` writes; nothing runs through them.
"""
