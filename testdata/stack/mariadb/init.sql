-- The first data of every instance. A profile that extends the instance profile
-- names its own files in [mariadb-server] sql.
CREATE TABLE IF NOT EXISTS about (
  name VARCHAR(64) NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) ENGINE=InnoDB;
INSERT IGNORE INTO about VALUES ('schema', '1');
