package org.lodge.filesystem.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.LedgerIndex;
import org.lodge.filesystem.Name;

/** The table against a plain one, through changes and restores at random. */
class LedgerTest {
  private final Random random = new Random(5);
  private final MemorySegment bytes = Arena.ofAuto().allocate(256);
  private final Map<Long, Node> model = new HashMap<>();
  private Ledger ledger;
  private LedgerIndex index;

  private record Node(long parent, String name, long inode, boolean blob) {}

  private static Name name(String text) {
    return new Name().of(Arena.ofAuto().allocateFrom(text), 0, text.length());
  }

  private String anyName() {
    return "n".repeat(1 + random.nextInt(random.nextInt(5) == 0 ? 255 : 40));
  }

  @Test
  void whatIsWrittenIsReadBackAlsoByTheNextProcess() throws Exception {
    ledger = Ledger.create();
    index = new LedgerIndex(ledger, 0);
    Set<Long> everSeen = new HashSet<>();
    for (int i = 0; i < 30_000; i++) {
      List<Long> known = new ArrayList<>();
      if (random.nextInt(3) > 0 && model.size() < 2000) {
        add(everSeen);
      } else if (!model.isEmpty()) {
        known.addAll(model.keySet());
        change(known.get(random.nextInt(known.size())));
      }
      if (i % 3000 == 2999) {
        restore();
        compare();
      }
    }
    compare();
    ledger.clear();
    assertEquals(1, ledger.nodes());
    model.keySet().forEach(number -> assertEquals(Ledger.NONE, ledger.node(number)));
    ledger.close();
  }

  @Test
  void aGuestThatKnowsTooManyFilesIsToldSoAndGoesOnOnceItForgetsSome() throws Exception {
    ledger = Ledger.create();
    int last = Ledger.NONE;
    for (int i = 1; i < Ledger.NODES_MAX; i++) {
      last = ledger.addNode(1, name("f"), i, 7, 0x8000, 9);
    }
    assertEquals(Ledger.NONE, ledger.addNode(1, name("f"), 1, 7, 0x8000, 9));
    // What is open has room of its own.
    assertTrue(ledger.addOpen(5, ledger.number(last), 2, false) != Ledger.NONE);
    ledger.remove(last);
    assertTrue(ledger.addNode(1, name("f"), 1, 7, 0x8000, 9) != Ledger.NONE);
    ledger.close();
  }

  private void add(Set<Long> everSeen) {
    Node node = new Node(1 + random.nextInt(1000), anyName(), random.nextLong(), false);
    int cell = ledger.addNode(node.parent, name(node.name), node.inode, 7, 0x8000, 9);
    index.put(cell, LedgerIndex.mix(node.inode));
    model.put(ledger.number(cell), node);
    assertTrue(everSeen.add(ledger.number(cell)), "a number that meant another file");
  }

  private void change(long number) {
    Node node = model.get(number);
    int cell = ledger.node(number);
    switch (random.nextInt(4)) {
      case 0 -> {
        Node moved = new Node(random.nextInt(1000), anyName(), node.inode, node.blob);
        ledger.move(cell, moved.parent, name(moved.name));
        model.put(number, moved);
      }
      case 1 -> {
        if (!node.blob) {
          bytes.set(java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED, 0, node.inode);
          assertTrue(ledger.setBlob(cell, bytes, 8));
          model.put(number, new Node(node.parent, node.name, node.inode, true));
        }
      }
      default -> {
        index.remove(cell);
        ledger.remove(cell);
        model.remove(number);
        assertEquals(Ledger.NONE, ledger.node(number));
      }
    }
  }

  private void restore() throws Exception {
    Ledger next = Ledger.restore(ledger.file().duplicate());
    ledger.close();
    ledger = next;
    index = new LedgerIndex(ledger, 0);
    ledger.forEachNode(cell -> index.put(cell, LedgerIndex.mix(ledger.inode(cell))));
  }

  private void compare() {
    assertEquals(model.size() + 1, ledger.nodes());
    model.forEach((number, node) -> {
      int cell = ledger.node(number);
      assertEquals(number, ledger.number(cell));
      assertEquals(node.inode, ledger.inode(cell));
      assertEquals(node.parent, ledger.parent(cell));
      assertEquals(node.name.length(), ledger.name(cell, bytes));
      assertEquals(node.name, bytes.getString(0));
      assertTrue(ledger.isAt(cell, node.parent, name(node.name)));
      assertFalse(ledger.isAt(cell, node.parent, name(node.name.replaceFirst("n$", "m"))));
      assertEquals(node.blob, ledger.hasBlob(cell));
      if (node.blob) {
        ledger.blob(cell, bytes);
        assertEquals(node.inode, bytes.get(java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED, 0));
      }
      int found = index.first(LedgerIndex.mix(node.inode));
      while (found != cell) {
        found = index.next(found);
      }
    });
  }
}
