CREATE TABLE record (
	bucket bytea NOT NULL,
	key    bytea NOT NULL,
	value  bytea NOT NULL,
	sum    bigint NOT NULL, -- CRC-32C over lengths, bucket, key, value
	PRIMARY KEY (bucket, key)
);

-- Records that cannot be served, kept for whoever can still read them.
CREATE TABLE quarantine (
	bucket bytea,
	key    bytea,
	value  bytea,
	sum    bigint,
	why    text NOT NULL,
	found  timestamptz NOT NULL
);
