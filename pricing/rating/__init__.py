"""From a charge and two states of usage to the lines to bill, with the sums behind them in words."""

from pricing.rating.charging import minimum_true_up, rate
from pricing.rating.results import DetailedLine, Rated, Step, to_json
from pricing.rating.usage import Usage, matrix_cells

__all__ = ["DetailedLine", "Rated", "Step", "Usage", "matrix_cells", "minimum_true_up", "rate", "to_json"]
