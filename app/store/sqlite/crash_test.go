package sqlite_test

const crashFile = "KOKOROE_TEST_CRASH_FILE"

func appendUntilKilled(string) {}
