// A browser opens six connections to a server, for all its tabs together: one is for events, up to
// four are for streams of pictures, and so one is left for everything else.

export const MOST_STREAMS = 4;

// Says for each tab, in the order in which they came, whether it may have the streams that it wants.
export function allot(wanted) {
  let left = MOST_STREAMS;
  return wanted.map((streams) => {
    const isGranted = streams <= left;
    if (isGranted) left -= streams;
    return isGranted;
  });
}
