/** Guests: their definitions, states and life, as the shell and other bundles see them. */
@Export
@Version("1.4.0")
package org.lodge.vm;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
