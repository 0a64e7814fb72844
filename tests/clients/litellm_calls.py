"""
Calls of a model that answers nothing but what it is told, reported by LiteLLM's OpenMeter callback.

LiteLLM changes its process a lot when it is imported, so it has one of its own; the environment says where to report.
Prints as JSON what was called, and each address outside of this machine that was asked for, which is refused.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime

_outside: list[str] = []


def _refuse_the_network(event: str, arguments: tuple) -> None:
    if event == "socket.getaddrinfo" and arguments[0] not in ("127.0.0.1", "localhost", None):
        host = str(arguments[0])
    elif event == "socket.connect" and isinstance(arguments[1], tuple) and not arguments[1][0].startswith("127."):
        host = str(arguments[1][0])
    else:
        return
    _outside.append(host)
    raise OSError(f"The tests reach nothing but this machine, and not {host}.")


async def _call(models: list[str], user: str) -> list[str]:
    import litellm
    from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

    litellm.success_callback = ["openmeter"]
    answers = [
        await litellm.acompletion(
            model=model, messages=[{"role": "user", "content": "Say hello."}], user=user, mock_response="Hello."
        )
        for model in models
    ]
    await GLOBAL_LOGGING_WORKER.flush()
    return [answer.id for answer in answers]


def _log(user: str) -> None:
    """Report one call by hand, as LiteLLM does after a synchronous one, with a cost that JSON writes by exponent."""
    import litellm
    from litellm.integrations.openmeter import OpenMeterLogger

    answer = litellm.ModelResponse(model="gpt-4o-mini")
    answer.usage = litellm.Usage(prompt_tokens=5, completion_tokens=2, total_tokens=7)
    now = datetime.now(UTC)
    OpenMeterLogger().log_success_event(
        {"model": "gpt-4o-mini", "user": user, "response_cost": 3.5e-05}, answer, now, now
    )


def main() -> None:
    user, models = sys.argv[1], sys.argv[2:]
    sys.addaudithook(_refuse_the_network)
    ids = asyncio.run(_call(models, user))
    _log(user)
    sys.stdout.write(json.dumps({"ids": ids, "outside": _outside}))


if __name__ == "__main__":
    main()
