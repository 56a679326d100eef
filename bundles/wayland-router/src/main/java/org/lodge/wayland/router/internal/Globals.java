package org.lodge.wayland.router.internal;

import java.util.HashMap;
import java.util.Map;
import org.lodge.wayland.protocol.Interface;
import org.lodge.wayland.protocol.Interfaces;

/** Which globals of a compositor guests may see, and up to which version. All else is hidden. */
final class Globals {
  private static final Map<String, Integer> ALLOWED = new HashMap<>();

  /**
   * Lets what a commit has set be shown later than the commit: then a frame can't know any more
   * when what it surrounds has shrunk.
   */
  private static final String UNFRAMED_ONLY = "wp_fifo_manager_v1";

  static {
    allow("wl_compositor", 6);
    allow("wl_subcompositor", 1);
    allow("wl_shm", 2);
    allow("wl_seat", 9);
    allow("wl_output", 4);
    allow("wl_data_device_manager", 3);
    allow("xdg_wm_base", 7);
    allow("wp_viewporter", 1);
    allow("wp_fractional_scale_manager_v1", 1);
    allow("wp_single_pixel_buffer_manager_v1", 1);
    allow("zxdg_decoration_manager_v1", 1);
    allow("wp_cursor_shape_manager_v1", 2);
    allow("wp_presentation", 2);
    allow("zxdg_output_manager_v1", 3);
    allow("zwp_text_input_manager_v3", 1);
    allow("zwp_primary_selection_device_manager_v1", 1);
    allow("zwp_relative_pointer_manager_v1", 1);
    allow("zwp_pointer_constraints_v1", 1);
    allow("zwp_pointer_gestures_v1", 3);
    allow("zwp_idle_inhibit_manager_v1", 1);
    allow("zwp_tablet_manager_v2", 2);
    allow("wp_content_type_manager_v1", 1);
    allow("wp_alpha_modifier_v1", 1);
    allow("wp_tearing_control_manager_v1", 1);
    allow("xdg_wm_dialog_v1", 1);
    allow("xdg_system_bell_v1", 1);
    allow("xdg_activation_v1", 1);
    allow("zxdg_exporter_v2", 1);
    allow("zxdg_importer_v2", 1);
    allow("xdg_toplevel_icon_manager_v1", 1);
    allow("xdg_toplevel_tag_manager_v1", 1);
    allow(UNFRAMED_ONLY, 1);
  }

  private Globals() {}

  private static void allow(String name, int version) {
    Interface type = Interfaces.named(name);
    ALLOWED.put(name, Math.min(version, type.version()));
  }

  /**
   * @param framed whether Lodge draws frames around the guest's windows
   * @return the highest version that guests may bind; 0 where they must not see it
   */
  static int allowedVersion(String name, int untrustedVersion, boolean framed) {
    int most = framed && name.equals(UNFRAMED_ONLY) ? 0 : ALLOWED.getOrDefault(name, 0);
    return untrustedVersion < 1 ? 0 : Math.min(most, untrustedVersion);
  }
}
