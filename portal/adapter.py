"""How django-allauth behaves here: people are invited, nobody signs up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "incorrect_code": "This is not the code of the newest mail. Check it, or ask for another one.",
        "too_many_login_attempts": "Too many attempts. Wait a few minutes, then ask for a new code.",
        "rate_limited": "Too many requests. Wait a minute, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse sign-up: the seller invites people."""
        return False
