"""The calculator is exact, and no expression takes long or reaches anything else."""

import pytest

from conversations.tools.calculator import CannotCalculate, calculate


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("0.1 + 0.2", "0.3"),
        ("1.10000000000000000001 * 10", "11.0000000000000000001"),
        ("2**100", "1267650600228229401496703205376"),
        ("(2 + 3) * 1.5", "7.5"),
        ("1/3", "1/3 ≈ 0.333333333333333333333333333333"),
        ("-7 // 2", "-4"),
        ("sqrt(16) + 2^3", "12"),
        ("sqrt(2)", "1.4142135623731"),
        ("max(1, 2.5) - round(2.567, 2)", "-0.07"),
        ("factorial(20)", "2432902008176640000"),
        ("1e3", "1000"),
    ],
)
def test_values(expression: str, value: str):
    assert calculate(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        *("", "1 +", "1/0", "x", "a.b", "'a' * 9", "[1]", "lambda: 1", "1 if 1 else 2", "True"),
        *("__import__('os').system('ls')", "(1).__class__", "(-8)**(1/3)", "sqrt(-1)"),
        *("9**9**9**9", "2**100000", "1e999999999", "factorial(100000)", "1e4000 * 1e4000"),
        *("(" * 400 + "1" + ")" * 400, "9" * 2000, "exp(100000)", "gcd(1.5, 2)", "0x10"),
    ],
)
def test_what_has_no_value_is_told_so(expression: str):
    with pytest.raises(CannotCalculate):
        calculate(expression)
