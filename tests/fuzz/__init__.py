"""Generated and hostile input against running servers, in bounded numbers: `make fuzz`.

    requests   over the whole description of the API and all pages, sound and unsound, from nine
               kinds of people; with files, tool servers and a call that waits for a decision
    frames     of each kind and of none, sound and unsound, on the sockets of several people
    floods     what once held up others: large bodies, sign-ins, exports, changes, half requests

Beside each of them a neighbour asks for its own account, and somebody for `/healthz`: their waits,
as a ratio to those at the quiet server of the same run, are the result, with the memory and the
disk before and after, and each answer that no description names.
"""
