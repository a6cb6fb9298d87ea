-- The last second in which an image is admitted; NULL until it is retired.
ALTER TABLE images ADD COLUMN admitted_until BIGINT;
