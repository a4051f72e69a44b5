"""`make bench-page`: what the page weighs and how fast it is, in a real Chromium.

`loading` what comes before the first paint and before the largest one; `lighthouse` its scores;
`streaming` a long reply at 500 tokens a second; `keys` typing in a long thread; `lists` long
threads and many conversations.
`model` is the scripted model behind it, in a process of its own.
"""
