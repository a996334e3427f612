/// Builds, describes and opens the guest image: kernel, initial RAM disk, root disk and the manifest over them.
///
/// [io.sosia.appliance.image.GuestImage] is what the rest of the house sees. The build needs no root: packages come
/// signed from the Debian mirror that the host's apt is configured with, are read (never run), put together in memory
/// ([io.sosia.appliance.image.FileTree]) and written as a cpio archive and as an ext4 file system. The same packages
/// give the same bytes. What is in the image is said by the text files among this package's resources:
/// `packages.txt`, `root.txt`, `initramfs.txt`, `modules.txt`, `files/`.
///
/// May import the JDK and Jackson; nothing else of the house.
package io.sosia.appliance.image;
