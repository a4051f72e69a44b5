"""`make test-compose`: the containers on a real engine, by `scripts/with-engine`."""
