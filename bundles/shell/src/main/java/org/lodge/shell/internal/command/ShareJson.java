package org.lodge.shell.internal.command;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.util.Locale;
import org.lodge.shell.Description;
import org.lodge.storage.ShareStatus;

/** A share as JSON, and the words for its keys. */
final class ShareJson {
  private ShareJson() {}

  static Description describe(Description description, String at) {
    return description
        .json(at + ".share", "its name, and the tag by which the guest mounts it")
        .json(at + ".guest", "that has it")
        .json(at + ".from", "the guest that keeps the files, or host")
        .json(at + ".path", "the directory or the file there")
        .json(at + ".readOnly", "whether the guest can change nothing")
        .json(at + ".cache", "none, auto or always")
        .json(at + ".mount", "where the guest's agent has mounted it; absent where it does not")
        .json(at + ".state", "declared, given, mounted, revoked or failed")
        .json(at + ".declared", "whether a file in config/share says so")
        .json(at + ".trouble", "why the guest can't use it; absent while all is well")
        .json(at + ".counters", "what its device has counted, by name");
  }

  static String state(ShareStatus share) {
    return share.state().name().toLowerCase(Locale.ROOT);
  }

  static JsonObject of(ShareStatus share) {
    JsonObjectBuilder json =
        Json.createObjectBuilder()
            .add("share", share.share())
            .add("guest", share.guest())
            .add("from", share.from())
            .add("path", share.path())
            .add("readOnly", share.readOnly())
            .add("cache", share.cache())
            .add("state", state(share))
            .add("declared", share.declared());
    share.mount().ifPresent(mount -> json.add("mount", mount));
    share.trouble().ifPresent(trouble -> json.add("trouble", trouble));
    JsonObjectBuilder counters = Json.createObjectBuilder();
    share.counters().forEach(counter -> counters.add(counter.name(), counter.value()));
    return json.add("counters", counters).build();
  }
}
