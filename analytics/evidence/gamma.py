"""The logarithm of the gamma function apart from its large terms, which cancel in what is computed from it."""

import math

LOG_2_PI = math.log(2 * math.pi)
_SERIES_FROM = 20.0


def stirling_error(x: float) -> float:
    """s(x) = ln Gamma(x) - (x - 1/2) ln x + x - 1/2 ln 2 pi, for x > 0; to 1e-14.

    Taken from `lgamma` of large arguments it would be lost: at 10^12 those have an error of 0.004. Source: Stirling's
    series, Abramowitz and Stegun 6.1.41.
    """
    if x < _SERIES_FROM:
        return math.lgamma(x) - (x - 0.5) * math.log(x) + x - 0.5 * LOG_2_PI
    square = x * x
    return (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * square)) / square) / square) / x
