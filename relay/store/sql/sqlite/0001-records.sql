-- The name of a record stands twice, in the table and in its index, on purpose:
-- where a page of one is lost, the other still tells what was lost or finds it.
CREATE TABLE record (
	id     INTEGER PRIMARY KEY,
	bucket BLOB NOT NULL,
	key    BLOB NOT NULL,
	value  BLOB NOT NULL,
	sum    INTEGER NOT NULL -- CRC-32C over lengths, bucket, key, value
);
CREATE UNIQUE INDEX record_name ON record (bucket, key);

-- Records that cannot be served, kept for whoever can still read them.
CREATE TABLE quarantine (
	bucket BLOB,
	key    BLOB,
	value  BLOB, -- NULL when lost
	sum    INTEGER,
	why    TEXT NOT NULL,
	found  TEXT NOT NULL -- RFC 3339
);
