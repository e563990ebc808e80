-- Tables with rows, each made anew for a case; what a table refers to is made with it. What the judge knows of them
-- comes from the server's own dump.
-- table p
CREATE TABLE p (id INT PRIMARY KEY, n INT, u INT, UNIQUE (u)) ENGINE=InnoDB;
INSERT INTO p VALUES (1, 1, 1), (2, 2, 2);
-- table q
CREATE TABLE q (id INT NOT NULL PRIMARY KEY, a INT, b INT NOT NULL DEFAULT 5, c INT, d DECIMAL(10,2),
  v20 VARCHAR(20) CHARACTER SET utf8mb4, v60 VARCHAR(60) CHARACTER SET utf8mb4, u3 VARCHAR(20) CHARACTER SET utf8mb3,
  l200 VARCHAR(200) CHARACTER SET latin1, l300 VARCHAR(300) CHARACTER SET latin1, c10 CHAR(10) CHARACTER SET latin1,
  vb VARBINARY(20), e ENUM('a', 'b'), s SET('x', 'y'), dt DATETIME, txt TEXT, j JSON,
  KEY ia (a), KEY iv (v20), CONSTRAINT ck CHECK (b > 0)) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO q (id, a, b, c, v20, e) VALUES (1, 1, 1, 1, 'one', 'a'), (2, 2, 2, 2, 'two', 'b');
-- table fk
CREATE TABLE p (id INT PRIMARY KEY, n INT, u INT, UNIQUE (u)) ENGINE=InnoDB;
INSERT INTO p VALUES (1, 1, 1), (2, 2, 2);
CREATE TABLE fk (id INT PRIMARY KEY, pid INT, b INT, CONSTRAINT fkc FOREIGN KEY (pid) REFERENCES p (id)) ENGINE=InnoDB;
INSERT INTO fk VALUES (1, 1, 1), (2, 2, 2);
-- table ft
CREATE TABLE ft (id INT PRIMARY KEY, x TEXT, y VARCHAR(20), z TEXT, FULLTEXT KEY fx (x)) ENGINE=InnoDB;
INSERT INTO ft VALUES (1, 'a', 'b', 'c');
-- table nopk
CREATE TABLE nopk (a INT NOT NULL, b INT) ENGINE=InnoDB;
INSERT INTO nopk VALUES (1, 1), (2, 2);
-- table comp
CREATE TABLE comp (a INT PRIMARY KEY, b INT, v VARCHAR(20)) ENGINE=InnoDB ROW_FORMAT=COMPRESSED;
INSERT INTO comp VALUES (1, 1, 'a');
-- table redu
CREATE TABLE redu (a INT PRIMARY KEY, b INT, v VARCHAR(200) NOT NULL) ENGINE=InnoDB ROW_FORMAT=REDUNDANT;
INSERT INTO redu VALUES (1, 1, 'a');
-- table my
CREATE TABLE my (a INT PRIMARY KEY, b INT, v VARCHAR(20)) ENGINE=MyISAM;
INSERT INTO my VALUES (1, 1, 'a');
-- table gv
CREATE TABLE gv (id INT PRIMARY KEY, a INT, g INT AS (a + 1) VIRTUAL, b INT, KEY ig (g)) ENGINE=InnoDB;
INSERT INTO gv (id, a, b) VALUES (1, 1, 1);
-- table gs
CREATE TABLE gs (id INT PRIMARY KEY, a INT, g INT AS (a + 1) STORED, b INT) ENGINE=InnoDB;
INSERT INTO gs (id, a, b) VALUES (1, 1, 1);
-- table sp
CREATE TABLE sp (id INT PRIMARY KEY, g POINT NOT NULL) ENGINE=InnoDB;
INSERT INTO sp VALUES (1, POINT(1, 1));
-- table u3
CREATE TABLE u3 (id INT PRIMARY KEY, n INT) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;
INSERT INTO u3 VALUES (1, 1);
-- table pt
CREATE TABLE pt (a INT PRIMARY KEY, b INT) ENGINE=InnoDB PARTITION BY RANGE (a)
  (PARTITION p0 VALUES LESS THAN (10), PARTITION pm VALUES LESS THAN MAXVALUE);
INSERT INTO pt VALUES (1, 1), (15, 2);
