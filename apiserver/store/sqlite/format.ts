/**
 * Format 1 of the database file.
 *
 * | table   | one row per                | why                                                             |
 * | ------- | -------------------------- | --------------------------------------------------------------- |
 * | log     | change, never updated      | the rowid is the revision: gap-free, newest last                |
 * | current | key that exists            | the optimistic check and lists of the present                   |
 * | history | version that was replaced  | lists of the past: valid while revision <= asked < until        |
 * | times   | minute in which was written| the newest revision before that minute, to compact by age       |
 * | state   | name                       | `oldest`: the oldest revision at which lists are complete       |
 */
export const FORMAT = 1;
/** `PRAGMA application_id`: "Pldr". Tells our file from any other SQLite database. */
export const APPLICATION_ID = 0x506c6472;

export const PUT = 0;
export const DELETE = 1;

/** `crc` is CRC-32 of the value, seeded with the revision, checked whenever a value is read. */
export const SCHEMA = `
  CREATE TABLE log (
    revision INTEGER PRIMARY KEY, key TEXT NOT NULL, type INTEGER NOT NULL, previous INTEGER NOT NULL,
    crc INTEGER NOT NULL, value BLOB NOT NULL
  ) STRICT;
  CREATE TABLE current (key TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE history (
    key TEXT NOT NULL, revision INTEGER NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (key, revision)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE times (ms INTEGER PRIMARY KEY, revision INTEGER NOT NULL) STRICT;
  CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO state VALUES ('oldest', 1);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${FORMAT};
`;
