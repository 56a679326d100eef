package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lodge.wayland.protocol.Interfaces;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.MessageReader;
import org.lodge.wayland.protocol.opcode.WlDisplay;

class TraceTest {
  private final Trace trace = new Trace();

  private static Message sync() throws Exception {
    MessageReader reader = new MessageReader();
    byte[] sync = TestPeer.message(1, WlDisplay.SYNC, 2);
    reader.append(ByteBuffer.wrap(sync).order(ByteOrder.LITTLE_ENDIAN));
    return reader.next((object, opcode) -> Interfaces.named("wl_display").request(opcode), 0);
  }

  @Test
  void severalListenAndEndByThemselves() throws Exception {
    List<String> heard = new ArrayList<>();
    AutoCloseable one = trace.listen(heard::add);
    AutoCloseable other = trace.listen(heard::add);
    String line = " -> wl_display@1.sync(new id wl_callback@2)";
    trace.request(sync());
    assertEquals(List.of(line, line), heard);
    one.close();
    one.close();
    trace.request(sync());
    assertEquals(List.of(line, line, line), heard);
    other.close();
    trace.request(sync());
    assertEquals(3, heard.size());
  }
}
