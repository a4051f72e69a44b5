"""How dates are written in a language, where Django’s own form is not meant."""
