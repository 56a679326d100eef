/** The client of the admin socket, and the frames that both sides speak. */
package org.lodge.client;
