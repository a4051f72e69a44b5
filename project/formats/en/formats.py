"""Dates in English, of people in many countries: the day first, the month as a word."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"
