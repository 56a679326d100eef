package org.lodge.device.fs.internal;

import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Change;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.FileLock;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;
import org.lodge.filesystem.Statistics;

/** What one thread needs to execute requests without allocating. */
final class Lane {
  final Call call = new Call();
  final Arguments in = new Arguments();
  final Reply out = new Reply();
  final Name name = new Name();
  final Name other = new Name();
  final Entry entry = new Entry();
  final Attributes attributes = new Attributes();
  final Change change = new Change();
  final FileLock lock = new FileLock();
  final Opened opened = new Opened();
  final Statistics statistics = new Statistics();
  final ChainData data = new ChainData();
  final DirectoryReply directory = new DirectoryReply();
}
