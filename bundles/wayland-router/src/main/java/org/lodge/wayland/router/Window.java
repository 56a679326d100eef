package org.lodge.wayland.router;

/**
 * A window of a program in a guest, at one moment.
 *
 * @param id unique until the router ends
 * @param guest whose it is
 * @param display the guest that shows it
 * @param marking what tells people whose it is
 * @param title as the program says, without what can't be printed
 * @param appId likewise
 * @param width in surface coordinates; 0 while it shows nothing
 * @param height likewise
 * @param frames pictures shown so far
 * @param pixelBytes copied so far for all windows of its connection
 */
public record Window(
    long id,
    String guest,
    String display,
    Marking marking,
    String title,
    String appId,
    int width,
    int height,
    long frames,
    long pixelBytes) {}
