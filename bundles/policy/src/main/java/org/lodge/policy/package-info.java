/** Who may connect to whom: rules read from {@code config/policy.d}, and the answers they give. */
@Export
@Version("1.1.0")
package org.lodge.policy;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
