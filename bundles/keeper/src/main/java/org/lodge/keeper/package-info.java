/** The stand-in for a service manager, a process of its own beside Lodge's. */
package org.lodge.keeper;
