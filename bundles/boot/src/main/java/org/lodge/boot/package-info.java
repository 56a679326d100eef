/** The beginning and the end of Lodge: autostart, readiness, watchdog, orderly shutdown. */
@Export
@Version("1.1.0")
package org.lodge.boot;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
