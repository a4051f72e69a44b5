"""Exact arithmetic for a model: an expression in, its value out.

Python's own parser reads the expression, and only what is named here is worked out, on fractions.
Roots, logarithms and the like are rounded to fifteen digits. Lengths and sizes are bounded, so no
expression takes long.
"""

import ast
import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

MOST_CHARACTERS: Final = 1000
# Bits of a numerator or denominator.
MOST_BITS: Final = 14_000
MOST_FACTORIAL: Final = 1000
MOST_EXPONENT: Final = 5000
_DIGITS: Final = 30
_ROUNDED: Final = 15

_OPERATORS: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_CONSTANTS: Final = {"pi": math.pi, "e": math.e, "tau": math.tau}
_EXACT: Final[dict[str, Callable[..., Any]]] = {
    "abs": abs,
    "ceil": math.ceil,
    "floor": math.floor,
    "max": max,
    "min": min,
}
_WHOLE: Final[dict[str, Callable[..., int]]] = {
    "factorial": math.factorial,
    "gcd": math.gcd,
    "lcm": math.lcm,
}
_FLOATING: Final[dict[str, Callable[..., float]]] = {
    name: getattr(math, name)
    for name in (
        *("acos", "asin", "atan", "atan2", "cos", "cosh", "degrees", "exp", "hypot"),
        *("log", "log10", "log2", "radians", "sin", "sinh", "tan", "tanh"),
    )
}


class CannotCalculate(Exception):
    """The expression has no value here; `str()` is a sentence that says why."""


def calculate(expression: str) -> str:
    """Return the value of an expression as text, exact wherever it can be. Raises
    `CannotCalculate`."""
    if len(expression) > MOST_CHARACTERS:
        raise CannotCalculate(f"The expression may have at most {MOST_CHARACTERS} characters.")
    try:
        source = expression.strip().replace("^", "**")
        tree = ast.parse(source, mode="eval")
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant):
                node.value = _number(ast.get_source_segment(source, node) or "")  # type: ignore[assignment]
        return _text(_value(tree.body))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise CannotCalculate("The expression cannot be read, or has no value.") from None
    except ZeroDivisionError:
        raise CannotCalculate("Division by zero.") from None
    except (OverflowError, TypeError):
        raise CannotCalculate("The expression cannot be evaluated.") from None


def _number(text: str) -> Fraction:
    """A number as it is written: exact, where a float is not. Raises `ValueError`."""
    if int(text.lower().partition("e")[2] or 0) not in range(-MOST_EXPONENT, MOST_EXPONENT):
        raise CannotCalculate("The number is too large.")
    return Fraction(text)


def _value(node: ast.expr) -> Fraction:
    match node:
        case ast.Constant(value=Fraction() as number):
            return _bounded(number)
        case ast.Name(id=name) if name in _CONSTANTS:
            return Fraction(_CONSTANTS[name])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left), _value(right))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _bounded(Fraction(_OPERATORS[type(op)](_value(left), _value(right))))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _call(name, [_value(argument) for argument in arguments])
    raise CannotCalculate("Only numbers, + - * / // % **, parentheses and functions are known.")


def _call(name: str, values: list[Fraction]) -> Fraction:
    if name == "sqrt" and len(values) == 1:
        return _power(values[0], Fraction(1, 2))
    if name == "round" and 1 <= len(values) <= 2:
        return Fraction(round(values[0], *(_whole(digits, 1000) for digits in values[1:])))
    if name in _EXACT:
        return Fraction(_EXACT[name](*values))
    if name in _WHOLE:
        most = MOST_FACTORIAL if name == "factorial" else None
        return _bounded(Fraction(_WHOLE[name](*(_whole(value, most) for value in values))))
    if name in _FLOATING:
        return _rounded(_FLOATING[name](*map(float, values)))
    raise CannotCalculate(f"There is no function {name[:40]}.")


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator == 1:
        size = max(base.numerator.bit_length(), base.denominator.bit_length())
        if base not in (0, 1, -1) and size * abs(exponent.numerator) > MOST_BITS:
            raise CannotCalculate("The number is too large.")
        return Fraction(base**exponent.numerator)
    if exponent == Fraction(1, 2) and base >= 0:
        roots = math.isqrt(base.numerator), math.isqrt(base.denominator)
        if Fraction(*roots) ** 2 == base:
            return Fraction(*roots)
    if base < 0:
        raise CannotCalculate("Even roots of negative numbers are not real.")
    return _rounded(float(base) ** float(exponent))


def _whole(value: Fraction, most: int | None = None) -> int:
    if value.denominator != 1 or (most is not None and abs(value) > most):
        bound = "" if most is None else f" of at most {most}"
        raise CannotCalculate(f"A whole number{bound} is needed.")
    return value.numerator


def _rounded(value: float) -> Fraction:
    if not math.isfinite(value):
        raise CannotCalculate("The number is too large.")
    return Fraction(f"{value:.{_ROUNDED}g}")


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MOST_BITS:
        raise CannotCalculate("The number is too large.")
    return value


def _text(value: Fraction) -> str:
    """A whole number, a decimal where it ends, else a fraction with its decimal beside it."""
    if value.denominator == 1:
        return str(value.numerator)
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    digits = _decimal(value)
    return digits if rest == 1 and "…" not in digits else f"{value} ≈ {digits.rstrip('…')}"


def _decimal(value: Fraction) -> str:
    """Up to thirty digits behind the point, with an ellipsis if there are more."""
    whole, rest = divmod(abs(value), 1)
    scaled, left = divmod(rest.numerator * 10**_DIGITS, rest.denominator)
    digits = str(scaled).rjust(_DIGITS, "0").rstrip("0") or "0"
    return f"{'-' if value < 0 else ''}{whole}.{digits}{'…' if left else ''}"
