package org.lodge.agent;

/**
 * A Unix socket on which an agent listens in its guest, so that programs there need not know of
 * Lodge: each connection is a call.
 *
 * @param path absolute, at most 107 bytes; its folder is made where it is missing
 * @param mode of the socket file, such as 0600
 * @param service that is called
 * @param target a guest, {@code @host}, or {@code @default} where the policy picks
 * @param withHandles whether programs may pass descriptors through it
 */
public record GuestSocket(
    String path, int mode, String service, String argument, String target, boolean withHandles) {

  /** Where programs of a guest find the compositor that Lodge leads them to. */
  public static final String WAYLAND_PATH = "/run/lodge/wayland-0";

  /** For Wayland programs of every user of the guest. */
  public static final GuestSocket WAYLAND =
      new GuestSocket(WAYLAND_PATH, 0666, "wayland", "", "@default", true);
}
