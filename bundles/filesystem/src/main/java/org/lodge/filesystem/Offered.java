package org.lodge.filesystem;

/** A file system for one guest, and the rules under which it gets it. */
public record Offered(FileSystem fileSystem, Rules rules) {}
