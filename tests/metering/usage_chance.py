"""Random histories of events, corrections and roll-ups, and random questions about their usage: what to do."""

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from metering.filter_string import parse_filter
from metering.models import Aggregation
from metering.spans import Span
from metering.windows import WindowSize

AT = datetime(2026, 4, 1, tzinfo=UTC)
# The clocks of Paris go forward at 01:00 UTC on 29 March 2026; Kathmandu is 5:45 ahead of UTC.
BASE = datetime(2026, 3, 28, 22, tzinfo=UTC)
ZONES = [
    ZoneInfo(name) for name in ("UTC", "Europe/Paris", "Asia/Kathmandu", "America/Los_Angeles", "Australia/Lord_Howe")
]
SUBJECTS = ["acme", "ü" * 1500]
VALUES = [0, 1, 7, -2, "12.5", "1e3", "0.1", "1", " 12 ", "NaN", None, True, "true", [1], 10**37, "9" * 38 + ".5"]
MODELS = ["gpt-4o", "gpt-4o", "", None, 4, True]
FILTERS = [["gpt-4o", ""], ["4", "true"], {"$ne": "4"}, {"$like": "%4%"}, {"$or": [{"$gt": "4"}, {"$eq": "4"}]}]

# Near edges of minutes, quarter hours, hours and days, where mistakes hide; few quarter hours, so that things meet. In
# UTC, the quarter hours 8 to 103 are one whole day, and 104 to 199 the next.
QUARTERS = [0, 1, 1, 1, 2, 2, 2, 3, 4, 8, 8, 9, 96, 97, 98, 104, 104, 105, 200]
MICROSECONDS = [-1, 0, 1, 59_999_999, 60_000_000, 61_000_000, 449_000_000, 899_999_999]


class Chance:
    """Scenarios and questions by one random generator: evenly spread, which Hypothesis's own lists are not."""

    def __init__(self, seed):
        self._random = Random(seed)
        self._choice = self._random.choice

    def steps(self):
        kinds = {
            self._events: 8,
            lambda: ("roll up", self._choice([1, 5, 10, 40])): 7,
            lambda: ("new meter", self._choice(Aggregation.values)): 1,
            lambda: ("void", self._random.random()): 3,
            lambda: ("amend", self._random.random()): 1,
            lambda: ("restore", self._random.random()): 2,
        }
        chosen = self._random.choices([*kinds], [*kinds.values()], k=self._random.randint(4, 16))
        return [("new meter", self._choice(Aggregation.values)), self._events(), *(kind() for kind in chosen)]

    def query(self):
        return {
            "start": self._choice([None, self._time()]),
            "end": self._choice([None, self._time()]),
            "spans": self._choice([None, None, [self._span() for _ in range(self._random.randint(1, 4))]]),
            "subjects": self._choice([None, None, None, self._random.sample(SUBJECTS, self._random.randint(0, 2))]),
            "filters": self._choice([None, None, {"model": self._filter()}]),
            "group_by": self._choice([[], ["model"], ["region", "model"]]),
            "by_subject": self._choice([True, False]),
            "window": self._choice([None, (self._choice(list(WindowSize)), self._choice(ZONES))]),
            "bound": self._choice([None, self._random.random()]),
        }

    def _filter(self):
        raw = self._choice(FILTERS)
        return raw if isinstance(raw, list) else parse_filter(raw, depth=1)

    def _time(self):
        return BASE + timedelta(minutes=15 * self._choice(QUARTERS), microseconds=self._choice(MICROSECONDS))

    def _span(self):
        ends = sorted([self._time(), self._time()])
        return Span(self._choice(SUBJECTS), self._choice([None, ends[0]]), self._choice([None, ends[1]]))

    def _events(self):
        return "events", [self._event() for _ in range(self._random.randint(1, 10))]

    def _event(self):
        data = {
            "model": self._choice(MODELS),
            "region": self._choice(["eu", "us"]),
            "usage": {"tokens": self._choice(VALUES)},
        }
        kept = {name: value for name, value in data.items() if self._random.random() < 0.8}
        return {
            "id": str(self._random.randint(0, 40)),
            "source": self._choice(["one", "Two"]),
            "type": self._choice(["tokens", "tokens", "tokens", "other"]),
            "subject": self._choice(SUBJECTS),
            "time": self._time(),
            "data": self._choice([kept, kept, kept, None]),
        }
