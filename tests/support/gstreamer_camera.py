"""GStreamer's RTSP server as a network camera: run by the Python of the system, which has it.

``gstreamer_camera.py PORT WIDTH HEIGHT [USER PASSWORD]`` serves H.264 at ``/live``, says ``ready``
once it listens, or what it needs, and takes digest authentication where there is a password. On
SIGUSR1 the camera is turned: width and height change places while the stream goes on.
"""

from __future__ import annotations

import signal
import sys

try:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtsp", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtsp, GstRtspServer
except (ImportError, ValueError) as error:
    print(f"needs GStreamer's RTSP server: {error}")
    sys.exit()

ELEMENTS = ("capsfilter", "videotestsrc", "openh264enc", "h264parse", "rtph264pay")
FPS = 15
ROLE = "viewer"


def caps(width: int, height: int) -> str:
    return f"video/x-raw,format=I420,width={width},height={height},framerate={FPS}/1"


def make_camera(width: int, height: int) -> GstRtspServer.RTSPMediaFactory:
    """A ball that moves over black, with a key frame every second."""
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(
        "( videotestsrc is-live=true pattern=ball "
        f"! capsfilter name=size caps={caps(width, height)} "
        f"! openh264enc gop-size={FPS} ! h264parse ! rtph264pay name=pay0 config-interval=-1 )"
    )
    factory.set_shared(True)

    def turn_on_signal(_: object, media: GstRtspServer.RTSPMedia) -> None:
        size = media.get_element().get_by_name("size")
        turned = Gst.Caps.from_string(caps(height, width))
        GLib.unix_signal_add(
            GLib.PRIORITY_DEFAULT, signal.SIGUSR1, size.set_property, "caps", turned
        )

    factory.connect("media-configure", turn_on_signal)
    return factory


def ask_for_password(
    server: GstRtspServer.RTSPServer,
    factory: GstRtspServer.RTSPMediaFactory,
    user: str,
    password: str,
) -> None:
    token = GstRtspServer.RTSPToken.new()
    token.set_string("media.factory.role", ROLE)
    authenticator = GstRtspServer.RTSPAuth.new()
    authenticator.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    authenticator.add_digest(user, password, token)
    server.set_auth(authenticator)
    permissions = GstRtspServer.RTSPPermissions.new()
    permissions.add_role(ROLE)
    for permission in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role(ROLE, permission, True)
    factory.set_permissions(permissions)


def main(port: str, width: str, height: str, *credentials: str) -> None:
    Gst.init(None)
    missing = [name for name in ELEMENTS if Gst.ElementFactory.find(name) is None]
    if missing:
        print(f"needs GStreamer's {', '.join(missing)}")
        return
    factory = make_camera(int(width), int(height))
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(port)
    if credentials:
        ask_for_password(server, factory, *credentials)
    server.get_mount_points().add_factory("/live", factory)
    if not server.attach(None):
        sys.exit(f"cannot listen on port {port}")
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:])
