"""What happens to a subscription, one act a module."""
