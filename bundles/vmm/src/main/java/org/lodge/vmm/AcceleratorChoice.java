package org.lodge.vmm;

/**
 * The accelerator of a guest.
 *
 * @param accelerator never {@link Accelerator#AUTO}
 * @param reason one sentence for a person
 */
public record AcceleratorChoice(Accelerator accelerator, String reason) {}
