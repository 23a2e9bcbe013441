"""The mathematics: arrays and frames in and out. Imports none of our packages."""
