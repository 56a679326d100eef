/** The SPI of a driver of one virtual machine monitor: what {@code vm} asks of QEMU and its kin. */
@Export
@Version("1.1.0")
package org.lodge.vmm;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
