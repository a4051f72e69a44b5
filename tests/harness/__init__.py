"""What the server's tests are made with: a real server, real clients, and bad networks.

    place = Place(server, ollama, openai)      a running server and the scripted models behind it
    person = await place.person()              an account of this test's own
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        await socket.ask("Hello", model="gate:id=a,n=3")
        start = await socket.next("message_start")

Everything is real but the models. Whatever waits, waits for an event and gives up after `WAIT_S`.
"""

# Longest wait for something that has to happen, in seconds: long for a busy machine.
WAIT_S = 60.0
