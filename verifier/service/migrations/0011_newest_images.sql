-- What matches nothing is compared with the newest images.
CREATE INDEX images_by_admission ON images (admitted_at);
