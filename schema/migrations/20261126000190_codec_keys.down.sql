DROP TABLE codec_key_holders;
DROP TABLE codec_keys;
