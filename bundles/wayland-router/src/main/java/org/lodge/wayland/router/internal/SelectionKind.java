package org.lodge.wayland.router.internal;

import org.lodge.wayland.protocol.Interface;
import org.lodge.wayland.protocol.Interfaces;
import org.lodge.wayland.protocol.opcode.WlDataDevice;
import org.lodge.wayland.protocol.opcode.WlDataOffer;
import org.lodge.wayland.protocol.opcode.WlDataSource;
import org.lodge.wayland.protocol.opcode.ZwpPrimarySelectionDeviceV1;
import org.lodge.wayland.protocol.opcode.ZwpPrimarySelectionOfferV1;
import org.lodge.wayland.protocol.opcode.ZwpPrimarySelectionSourceV1;

/** The clipboard and the primary selection: two protocols of one shape. */
enum SelectionKind {
  CLIPBOARD(
      Interfaces.at(WlDataOffer.INDEX),
      WlDataDevice.EVENT_DATA_OFFER,
      WlDataDevice.EVENT_SELECTION,
      WlDataOffer.EVENT_OFFER,
      WlDataSource.EVENT_SEND,
      WlDataSource.EVENT_CANCELLED),
  PRIMARY(
      Interfaces.at(ZwpPrimarySelectionOfferV1.INDEX),
      ZwpPrimarySelectionDeviceV1.EVENT_DATA_OFFER,
      ZwpPrimarySelectionDeviceV1.EVENT_SELECTION,
      ZwpPrimarySelectionOfferV1.EVENT_OFFER,
      ZwpPrimarySelectionSourceV1.EVENT_SEND,
      ZwpPrimarySelectionSourceV1.EVENT_CANCELLED);

  final Interface offerType;
  final int eventDataOffer;
  final int eventSelection;
  final int eventOffer;
  final int eventSend;
  final int eventCancelled;

  SelectionKind(
      Interface offerType,
      int eventDataOffer,
      int eventSelection,
      int eventOffer,
      int eventSend,
      int eventCancelled) {
    this.offerType = offerType;
    this.eventDataOffer = eventDataOffer;
    this.eventSelection = eventSelection;
    this.eventOffer = eventOffer;
    this.eventSend = eventSend;
    this.eventCancelled = eventCancelled;
  }
}
