package org.lodge.filesystem.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Rules;
import org.lodge.linux.LinuxException;

/** An attribute that is to be new, over files on which it is there already. */
class RepeatsTest {
  private final Call call = new Call().of(0, 0, 1);
  private final FileSystem files =
      (FileSystem)
          Proxy.newProxyInstance(
              getClass().getClassLoader(),
              new Class<?>[] {FileSystem.class},
              (proxy, method, arguments) ->
                  switch (method.getName()) {
                    case "setXattr" -> -Errno.EEXIST;
                    case "getXattr" -> put("there");
                    default -> null;
                  });

  private int put(String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < bytes.length; i++) {
      call.buffer().set(ValueLayout.JAVA_BYTE, i, bytes[i]);
    }
    return bytes.length;
  }

  private int set(String value) throws LinuxException {
    try (Ledger ledger = Ledger.create()) {
      Ruled ruled = new Ruled(files, Rules.of(false), null, ledger);
      Name name = new Name().of(Arena.ofAuto().allocateFrom("user.a"), 0, 6);
      return ruled.setXattr(call, FileSystem.ROOT, name, put(value), 1);
    }
  }

  @Test
  void anAttributeOfThatValueMayBeItsOwnDoing() throws LinuxException {
    assertEquals(-Errno.EEXIST, set("there"));
    call.repeat();
    assertEquals(0, set("there"));
    assertEquals(-Errno.EEXIST, set("other"));
    assertEquals(-Errno.EEXIST, set("the"));
  }
}
