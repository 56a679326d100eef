package org.lodge.vmm.qemu.internal;

import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonValue;
import java.nio.file.Path;
import java.util.List;

/** The commands of the QEMU Machine Protocol that Lodge sends, with their arguments. */
sealed interface QmpRequest {

  /** As in QEMU's QAPI schema. */
  String command();

  default JsonObject arguments() {
    return JsonValue.EMPTY_JSON_OBJECT;
  }

  /** A command without arguments. */
  enum Plain implements QmpRequest {
    CAPABILITIES("qmp_capabilities"),
    QUERY_STATUS("query-status"),
    QUERY_COMMAND_LINE_OPTIONS("query-command-line-options"),
    CONTINUE("cont"),
    STOP("stop"),
    POWER_DOWN("system_powerdown"),
    WAKE_UP("system_wakeup"),
    QUIT("quit");

    private final String command;

    Plain(String command) {
      this.command = command;
    }

    @Override
    public String command() {
      return command;
    }
  }

  record Screendump(Path file, boolean png) implements QmpRequest {
    @Override
    public String command() {
      return "screendump";
    }

    @Override
    public JsonObject arguments() {
      JsonObjectBuilder arguments =
          Text.JSON.createObjectBuilder().add("filename", file.toString());
      return (png ? arguments.add("format", "png") : arguments).build();
    }
  }

  /** Keys by their QKeyCode, pressed in order and released in reverse. */
  record SendKey(List<String> keys) implements QmpRequest {
    @Override
    public String command() {
      return "send-key";
    }

    @Override
    public JsonObject arguments() {
      var codes = Text.JSON.createArrayBuilder();
      for (String key : keys) {
        codes.add(Text.JSON.createObjectBuilder().add("type", "qcode").add("data", key));
      }
      return Text.JSON.createObjectBuilder().add("keys", codes).build();
    }
  }

  /** {@code properties} hold driver, id, bus and the like. */
  record DeviceAdd(JsonObject properties) implements QmpRequest {
    @Override
    public String command() {
      return "device_add";
    }

    @Override
    public JsonObject arguments() {
      return properties;
    }
  }

  record DeviceDelete(String id) implements QmpRequest {
    @Override
    public String command() {
      return "device_del";
    }

    @Override
    public JsonObject arguments() {
      return Text.JSON.createObjectBuilder().add("id", id).build();
    }
  }

  /** A character device that is the client of a Unix socket. */
  record ChardevAdd(String id, Path socket) implements QmpRequest {
    @Override
    public String command() {
      return "chardev-add";
    }

    @Override
    public JsonObject arguments() {
      var path = Text.JSON.createObjectBuilder().add("path", socket.toString());
      var address = Text.JSON.createObjectBuilder().add("type", "unix").add("data", path);
      var data = Text.JSON.createObjectBuilder().add("addr", address).add("server", false);
      var backend = Text.JSON.createObjectBuilder().add("type", "socket").add("data", data);
      return Text.JSON.createObjectBuilder().add("id", id).add("backend", backend).build();
    }
  }

  record ChardevRemove(String id) implements QmpRequest {
    @Override
    public String command() {
      return "chardev-remove";
    }

    @Override
    public JsonObject arguments() {
      return Text.JSON.createObjectBuilder().add("id", id).build();
    }
  }

  /** The children and links of an object of QEMU's own tree. */
  record QomList(String path) implements QmpRequest {
    @Override
    public String command() {
      return "qom-list";
    }

    @Override
    public JsonObject arguments() {
      return Text.JSON.createObjectBuilder().add("path", path).build();
    }
  }

  record QomListTypes(String implementing) implements QmpRequest {
    @Override
    public String command() {
      return "qom-list-types";
    }

    @Override
    public JsonObject arguments() {
      return Text.JSON
          .createObjectBuilder()
          .add("implements", implementing)
          .add("abstract", false)
          .build();
    }
  }

  record DeviceListProperties(String type) implements QmpRequest {
    @Override
    public String command() {
      return "device-list-properties";
    }

    @Override
    public JsonObject arguments() {
      return Text.JSON.createObjectBuilder().add("typename", type).build();
    }
  }
}
