// Rules about the files of containers and images (file.ts).

export const FILE_RULES: Readonly<Record<string, string>> = {
  'file-root': 'Files are those of a container, of an image, or of one layer of an image.',
  chunk: 'A piece of a file has 1 to 524288 bytes.',
  base64: 'The bytes of a file are written in base64.',
  'upload-abort': 'Only a file that is being written can be given up.',
  'upload-offset': 'The next piece begins behind {bytes} bytes.',
  'upload-void':
    'This file is not being written any more: nothing came for a minute, or the container was started, stopped or removed.',
  'upload-busy': 'A piece of this file is being written just now.',
  'too-many-uploads': '{max} files are being written already.',
  'file-not-found': 'There is no such file or directory there.',
  'file-not-directory': 'A part of the path is not a directory.',
  'file-is-directory': 'It is a directory.',
  'file-is-root': 'The root directory itself cannot be changed.',
  'file-name-dots': 'The last part of the path must be a name, not “.” or “..”.',
  'file-special': 'It is no ordinary file ({type}): it is neither read nor written.',
  'file-link-refused':
    'The path leads in circles, or through a link of /proc into another process, which is not followed.',
  'file-exists': 'There is a file or directory of that name already.',
  'file-replaced': 'Another file has taken its place in the meantime.',
  'file-directory-full': 'The directory is not empty.',
  'file-too-deep': 'The directory is nested deeper than {max} levels: delete it from inside.',
  'file-delete-cancelled': 'The deletion was cancelled; {deleted} files are deleted.',
  'file-other-layer':
    'It cannot be moved there: it lies on another file system, or the directory comes from the image. Copy it, then delete it.',
  'file-read-only': 'The file system is read-only there.',
  'file-mounted': 'Something is mounted there, or it is in use.',
  'file-name-long': 'The name or the path is too long.',
  'file-disk-full': 'There is no space left for it.',
  'file-immutable': 'The file system does not allow it: the file may be marked as immutable.',
  'file-kernel': 'This is no file but a setting of the kernel: it is not replaced.',
  'file-hangs': 'Its file system did not answer within {seconds} s.',
  'files-hang':
    'Too many file systems of containers do not answer: end the containers, or what serves their file systems.',
  'container-not-ready': 'The container is just being started.',
};
