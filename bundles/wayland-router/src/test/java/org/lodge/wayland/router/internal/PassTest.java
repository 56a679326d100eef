package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.lodge.wayland.protocol.opcode.XdgActivationTokenV1;
import org.lodge.wayland.protocol.opcode.XdgActivationV1;
import org.lodge.wayland.protocol.opcode.ZxdgExportedV2;
import org.lodge.wayland.protocol.opcode.ZxdgExporterV2;
import org.lodge.wayland.protocol.opcode.ZxdgImportedV2;
import org.lodge.wayland.protocol.opcode.ZxdgImporterV2;

/** Activation tokens and handles of windows mean something in their guest alone. */
class PassTest {
  private static final String SECRET = "the compositor's own";

  private final Display display = new Display("display", new AtomicLong());
  private final Guest work = guest("work");
  private final Guest vault = guest("vault");

  private static Guest guest(String name) {
    GuestSettings settings = new GuestSettings(GuestSettings.Frame.COMPOSITOR, 0, 4);
    return new Guest(name, settings, Limits.DEFAULT);
  }

  /** A program with a surface. */
  private final class Program {
    final Rig rig;
    final int registry;
    final int surface;

    Program(Guest guest, Display on) throws Exception {
      rig = new Rig(guest, on);
      registry = rig.registry();
      surface = rig.surface(rig.bind(registry, "wl_compositor", 4));
    }

    /** Asks for a token, which the compositor gives. */
    String token() throws Exception {
      int activation = activation();
      int token = rig.id("xdg_activation_token_v1");
      rig.client.send(activation, XdgActivationV1.GET_ACTIVATION_TOKEN, token);
      rig.client.send(token, XdgActivationTokenV1.SET_APP_ID, "mail");
      rig.client.send(token, XdgActivationTokenV1.SET_SURFACE, surface);
      rig.client.send(token, XdgActivationTokenV1.COMMIT);
      rig.sync();
      rig.compositor.await("set_app_id(\"lodge." + rig.guest.name() + ".mail\")");
      rig.compositor.await("set_surface(wl_surface@" + surface + ")");
      rig.compositor.send(token, XdgActivationTokenV1.EVENT_DONE, SECRET);
      return told("xdg_activation_token_v1@" + token + ".done(");
    }

    int activation() {
      return rig.bind(registry, "xdg_activation_v1", 1);
    }

    void activate(String token) throws Exception {
      rig.client.send(activation(), XdgActivationV1.ACTIVATE, token, surface);
      rig.sync();
    }

    long activations() {
      return rig.compositor.count(".activate(\"" + SECRET + "\", wl_surface@" + surface + ")");
    }

    String export() throws Exception {
      int exporter = rig.bind(registry, "zxdg_exporter_v2", 1);
      int exported = exported();
      rig.client.send(exporter, ZxdgExporterV2.EXPORT_TOPLEVEL, exported, surface);
      rig.sync();
      rig.compositor.send(exported, ZxdgExportedV2.EVENT_HANDLE, SECRET);
      return told("zxdg_exported_v2@" + exported + ".handle(");
    }

    private int exported;

    int exported() {
      exported = rig.id("zxdg_exported_v2");
      return exported;
    }

    /** Imports a handle, and says what the compositor was asked for. */
    String adopt(String handle) throws Exception {
      int importer = rig.bind(registry, "zxdg_importer_v2", 1);
      int imported = rig.id("zxdg_imported_v2");
      rig.client.send(importer, ZxdgImporterV2.IMPORT_TOPLEVEL, imported, handle);
      rig.client.send(imported, ZxdgImportedV2.SET_PARENT_OF, surface);
      rig.sync();
      rig.compositor.await(
          "zxdg_imported_v2@" + imported + ".set_parent_of(wl_surface@" + surface + ")");
      return text(rig.compositor.await("import_toplevel(new id zxdg_imported_v2@" + imported));
    }

    private String told(String event) throws Exception {
      return text(rig.client.await(event));
    }
  }

  private static String text(String line) {
    return line.replaceAll(".*\"(.*)\".*", "$1");
  }

  @Test
  void aTokenIsGoodInItsGuestOnceAndTheCompositorsIsNotTold() throws Exception {
    Program from = new Program(work, display);
    Program into = new Program(work, display);
    String token = from.token();
    assertNotEquals(SECRET, token);
    assertTrue(token.matches("[0-9a-f]{32}"), token);
    into.activate(token);
    assertEquals(1, into.activations());
    into.activate(token);
    assertEquals(1, into.activations());
  }

  @Test
  void aTokenOfAnotherGuestOrDisplayOrNobodyDoesNothing() throws Exception {
    String token = new Program(work, display).token();
    Program other = new Program(vault, display);
    other.activate(token);
    other.activate(SECRET);
    other.activate("");
    assertEquals(0, other.rig.compositor.count(".activate("));
    Program elsewhere = new Program(work, new Display("other", new AtomicLong()));
    elsewhere.activate(token);
    assertEquals(0, elsewhere.rig.compositor.count(".activate("));
    assertEquals(0, other.rig.client.count(".error("));
  }

  @Test
  void aHandleIsGoodInItsGuestAndAsLongAsItsWindow() throws Exception {
    Program from = new Program(work, display);
    String handle = from.export();
    assertNotEquals(SECRET, handle);
    assertEquals(SECRET, new Program(work, display).adopt(handle));
    assertEquals("none", new Program(vault, display).adopt(handle));
    assertEquals("none", new Program(work, display).adopt(SECRET));
    from.rig.client.send(from.exported, ZxdgExportedV2.DESTROY);
    from.rig.sync();
    assertEquals("none", new Program(work, display).adopt(handle));
  }

  @Test
  void handlesEndWithTheirProgram() throws Exception {
    Program from = new Program(work, display);
    String handle = from.export();
    from.rig.client.connection.programCloses();
    from.rig.ended();
    assertEquals("none", new Program(work, display).adopt(handle));
  }

  @Test
  void theOldestOfTooManyTokensIsForgotten() {
    Passes passes = new Passes();
    String first = passes.name(display, "1");
    for (int i = 0; i < 255; i++) {
      passes.name(display, "more");
    }
    assertEquals("1", passes.find(display, first));
    passes.name(display, "more");
    assertEquals(null, passes.find(display, first));
  }
}
