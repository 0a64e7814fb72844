"""
Pure: a seeded generator of LLM requests with the shape of real traffic.

Each customer's requests follow the day where they live and the working week, come in bursts, and ask for token counts
with a heavy tail: most prompts are short, a few fill the context window. The same seed gives the same events.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from billing_site.demo.company import MODELS, Model

SOURCE = "inference-gateway"
EVENT_TYPE = "llm.request"
_LONGEST_PROMPT = 128_000
_LONGEST_ANSWER = 16_000
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Caller:
    """A customer as a source of traffic: `weight` is its mean number of requests an hour."""

    subject: str
    zone: ZoneInfo
    weight: float
    starts_at: datetime


def callers(
    *, subjects: Sequence[str], zones: Sequence[str], starts: Sequence[datetime], mean: float, seed: int
) -> list[Caller]:
    """Give every subject a size (log-normal, so that a few are large) around a mean number of requests an hour."""
    random = Random(seed)
    sizes = [random.lognormvariate(0, 1.1) for _ in subjects]
    scale = mean * len(sizes) / sum(sizes)
    return [
        Caller(subject=subject, zone=ZoneInfo(zones[n % len(zones)]), weight=size * scale, starts_at=starts[n])
        for n, (subject, size) in enumerate(zip(subjects, sizes, strict=True))
    ]


def traffic(*, callers: Sequence[Caller], start: datetime, end: datetime, seed: int) -> Iterator[dict[str, object]]:
    """Yield the requests of all callers in [start, end) as CloudEvents, hour by hour and in order within it."""
    random = Random(seed)
    hour, number = start, 0
    while hour < end:
        moments = sorted(
            (moment, n)
            for n, caller in enumerate(callers)
            if caller.starts_at < end
            for moment in _moments(caller, hour, random)
            if max(start, caller.starts_at) <= moment < end
        )
        for moment, n in moments:
            number += 1
            yield request(event_id=f"{seed}-{number}", subject=callers[n].subject, at=moment, random=random)
        hour += _HOUR


def request(*, event_id: str, subject: str, at: datetime, random: Random) -> dict[str, object]:
    """Make one request as a CloudEvent, with a model and token counts drawn from its distributions."""
    model = random.choices(MODELS, weights=[m.share for m in MODELS])[0]
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": EVENT_TYPE,
        "subject": subject,
        "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": {"model": model.name, **_tokens(model, random)},
    }


def _tokens(model: Model, random: Random) -> dict[str, int]:
    prompt = random.lognormvariate(math.log(model.input_median), 1.0)
    answer = random.lognormvariate(math.log(model.output_median), 0.9)
    return {
        "input_tokens": min(_LONGEST_PROMPT, max(1, int(prompt))),
        "output_tokens": min(_LONGEST_ANSWER, max(1, int(answer))),
    }


def _moments(caller: Caller, hour: datetime, random: Random) -> list[datetime]:
    count = _poisson(caller.weight * _rhythm(hour.astimezone(caller.zone)) * _burst(random), random)
    return [hour + timedelta(seconds=random.random() * 3600) for _ in range(count)]


def _rhythm(local: datetime) -> float:
    """The share of a mean hour: a peak in the early afternoon, quiet nights, half as much at weekends."""
    daily = 1 + 0.85 * math.cos((local.hour - 14) / 24 * 2 * math.pi)
    return daily * (0.5 if local.weekday() >= 5 else 1.2)


def _burst(random: Random) -> float:
    """Now and then somebody runs a batch job."""
    return random.uniform(5, 15) if random.random() < 0.006 else 1.0


def _poisson(mean: float, random: Random) -> int:
    if mean > 50:
        return max(0, int(random.gauss(mean, math.sqrt(mean)) + 0.5))
    limit, product, count = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        count += 1
    return count
