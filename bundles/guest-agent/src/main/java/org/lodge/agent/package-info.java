/** What a guest does for its host through the agent inside it. */
@Export
@Version("1.6.0")
package org.lodge.agent;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
